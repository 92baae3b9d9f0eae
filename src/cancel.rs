//! A wish to end, from a signal to the work that has to tidy up elsewhere before it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by whoever hears signals and by the work. Work that leaves nothing behind never looks at it and is ended at once.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<State>);

#[derive(Debug, Default)]
struct State {
    asked: AtomicBool,
    minds: AtomicBool,
}

impl Cancel {
    /// Asks the work to end.
    pub fn ask(&self) {
        self.0.asked.store(true, Ordering::SeqCst);
    }

    /// Whether it was asked to.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// From now on, until what this returns is dropped, the work wants to be waited for.
    #[must_use]
    pub fn mind(&self) -> Minded {
        self.0.minds.store(true, Ordering::SeqCst);
        Minded(self.clone())
    }

    /// Whether the work wants to be waited for.
    #[must_use]
    pub fn is_minded(&self) -> bool {
        self.0.minds.load(Ordering::SeqCst)
    }
}

/// While this is there, the work wants to be waited for.
#[derive(Debug)]
pub struct Minded(Cancel);

impl Drop for Minded {
    fn drop(&mut self) {
        self.0.0.minds.store(false, Ordering::SeqCst);
    }
}
