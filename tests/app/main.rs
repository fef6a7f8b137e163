//! The real window, driven through WebDriver: a file per journey.

#![cfg(target_os = "linux")]

mod closing;
mod desk;
mod home;
mod opening;
mod process;
mod release;
mod restore;
mod sample;
mod tour;
mod window;
