"""What is told once: states, their rows, and the program that hears of them."""
