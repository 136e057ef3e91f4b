"""Weights of other frameworks: what tools/convert-weights is made of."""
