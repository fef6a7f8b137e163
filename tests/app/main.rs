//! The real window, driven through WebDriver: a file per journey.
