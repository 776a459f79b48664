//! The one test binary: one link instead of a dozen.
//!
//! Most tests enter where every face enters, through `App` and the catalogue,
//! on a file in a folder of their own.

#[cfg(test)]
mod support;

#[cfg(all(test, target_os = "linux"))]
mod faults;
#[cfg(all(test, target_os = "linux"))]
use support::dice;

#[cfg(test)]
mod answers;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod feeding;
#[cfg(test)]
mod gates_hold;
#[cfg(test)]
mod listed;
#[cfg(test)]
mod liveness;
#[cfg(test)]
mod ops;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod prose;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod race;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod searching;
#[cfg(test)]
mod shell;
#[cfg(test)]
mod skills;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod store_files;
#[cfg(test)]
mod superset;
#[cfg(test)]
mod surfaces;
#[cfg(test)]
mod top;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod workflows;
