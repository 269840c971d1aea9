"""May labeled data go there: history, downgrade. Pure information-flow control."""
