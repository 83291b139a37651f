"""The one place where real things are built and handed to the rooms."""
