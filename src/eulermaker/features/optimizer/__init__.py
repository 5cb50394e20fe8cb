"""What makes a build faster or an image smaller, found in its definition and, where it is safe, done."""
