"""Other clients of the same service, which do the same conversation as the box, to be measured beside it."""
