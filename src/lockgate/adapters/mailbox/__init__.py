"""Mail on disk: mailboxes in the mbox format (RFC 4155) and in maildir, message by message."""

from lockgate.adapters.mailbox.connector import MailboxConnector

__all__ = ["MailboxConnector"]
