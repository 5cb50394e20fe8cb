"""Notifications: channels, and the deliveries that reach people through them."""
