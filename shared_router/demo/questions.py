"""What the demo asks: ten questions from easy to hard, some about its documents."""

QUESTIONS = (
    "What is the capital of France?",
    "What is 17 plus 25?",
    "Translate 'good morning' into Spanish.",
    "Which licence are the weights of SmolLM2 released under?",
    "Is a higher threshold cheaper or more expensive, and why?",
    "By how much do costs fall in the RouteLLM paper?",
    "A train leaves at 14:05 and covers 210 km at 84 km/h. When does it arrive?",
    "A router trained on bare questions sits in an agent. What can whoever writes a tool's output do?",
    "Prove that the square root of two is irrational.",
    "Derive the gradient of a Bradley-Terry model's log-likelihood and say when its maximum is not unique.",
)
