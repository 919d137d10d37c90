"""Second choices: engines that take over within the turn when the first fails, is over its limit, or is slow."""
