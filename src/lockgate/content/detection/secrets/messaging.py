"""Credentials of chat, mail and telephony, and addresses that let anybody post."""

from __future__ import annotations

from typing import Final

from lockgate.content.detection.secrets.forms import B, W, token
from lockgate.content.detection.table import Token

TOKENS: Final[tuple[Token, ...]] = (
    token("slack", "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs-", rf"{B}xox[abeoprs]-{W}{{10,250}}"),
    token("slack", "xapp-", rf"{B}xapp-[0-9]-{W}{{20,250}}"),
    token("slack_webhook", "hooks.slack.com/", r"hooks\.slack\.com/(?:services|workflows)/[0-9A-Za-z/_]{20,120}"),
    token(
        "discord_webhook",
        "discord.com/api/webhooks/ discordapp.com/api/webhooks/",
        rf"discord(?:app)?\.com/api/webhooks/[0-9]{{1,25}}/{W}{{40,90}}",
    ),
    token(
        "teams_webhook",
        "webhook",
        r"webhook\w{0,20}/[0-9a-f@-]{60,90}/IncomingWebhook/[0-9A-Za-z/-]{9,120}",
    ),
    token("telegram", ":AA", rf"{B}[0-9]{{8,10}}:AA{W}{{33}}(?!{W})", lead=10),
    token("sendgrid", "SG.", rf"{B}SG\.{W}{{16,32}}\.{W}{{32,64}}"),
)
