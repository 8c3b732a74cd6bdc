"""What is said and answered: turns, tools that are asked for, answers of a given form, asked once."""
