"""Predicting and scoring: inference protocols, validation, mIoU."""
