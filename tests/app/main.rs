//! The real window, driven through WebDriver: a file per journey.

mod home;
mod opening;
mod process;
mod window;
