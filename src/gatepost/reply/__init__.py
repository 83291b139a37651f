"""Turn what the agent wants to say into a message that arrives like any other."""
