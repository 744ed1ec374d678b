"""What each number means: tensors in, a frozen result out; nothing here knows of files or models."""
