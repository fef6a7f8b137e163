//! The folder by itself.
