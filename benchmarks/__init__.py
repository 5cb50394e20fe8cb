"""The figures that the product promises, measured beside a baseline in the same run."""
