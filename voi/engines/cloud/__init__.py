"""What engines that call a provider's service share: connections, and the provider's refusals in our words."""
