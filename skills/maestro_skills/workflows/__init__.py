"""Python workflows of skills whose logic goes beyond steps."""
