//! Gates as a whole: plans, outlooks, runs in virtual time, and the verdicts that come of them.

mod finite;
mod goal;
mod kit;
mod mean;
mod monitor;
mod paired;
mod plan;
mod rates;
mod run;
mod selftest;
mod verdict;
mod world;
