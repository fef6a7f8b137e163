//! Gates as a whole: plans, outlooks, runs in virtual time, and the verdicts that come of them.

mod finite;
mod kit;
mod mean;
mod plan;
mod rates;
mod run;
mod selftest;
mod verdict;
mod world;
