//! The real window, driven through WebDriver: a file per journey.

#![cfg(target_os = "linux")]

mod home;
mod opening;
mod process;
mod window;
