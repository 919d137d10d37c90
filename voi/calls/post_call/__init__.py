"""What is done after a call: the model is asked for a summary, which goes to a webhook or a tool."""
