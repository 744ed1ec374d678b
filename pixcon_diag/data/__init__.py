"""The images and label maps to be measured."""
