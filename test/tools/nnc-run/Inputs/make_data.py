"""Writes train.csv, validation.csv and test.csv of words that tell their class, into the folder given."""
import random
import sys

random.seed(1)
words = {"fruit": ["apple", "pear", "plum"], "tool": ["hammer", "saw", "drill"], "beast": ["lion", "bear", "wolf"]}
for split, rows in (("train", 201), ("validation", 50), ("test", 50)):
    with open(f"{sys.argv[1]}/{split}.csv", "w", encoding="utf-8") as file:
        file.write("text,label\n")
        for _ in range(rows):
            label = random.choice(list(words))
            text = " ".join(random.choice(words[label] + ["the", "a"]) for _ in range(random.randint(2, 12)))
            file.write(f"{text},{label}\n")
