//! Decisions, by case.
