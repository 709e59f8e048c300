"""The flight recorder: what happened last, without a word that was said, and whether it happens again."""
