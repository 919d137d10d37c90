"""The bench for prompt designers: scenarios say what a person does and what must hold, and are run against agents."""
