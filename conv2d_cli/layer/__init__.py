"""What the user asked for, validated: arguments, pairs, sizes and expressions of one Conv2d."""
