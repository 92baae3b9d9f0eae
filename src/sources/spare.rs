//! Buffers that a thread keeps for the next object: making them takes longer than reading a small one.

use std::cell::RefCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::thread::LocalKey;

/// Values of a kind that a thread keeps at most: an object within an object needs a second one.
const KEPT: usize = 2;

/// What is worth keeping.
pub(super) trait Spare: Sized + 'static {
    /// Where the thread keeps it.
    fn shelf() -> &'static LocalKey<Shelf<Self>>;
    /// A new one.
    fn fresh() -> Self;
    /// Forgets what it was used for.
    fn reset(&mut self);
}

/// What nobody uses now.
pub(super) struct Shelf<T>(RefCell<Vec<T>>);

impl<T> Shelf<T> {
    pub(super) const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }
}

/// A value that goes back to the thread when it is dropped; `None` only then.
pub(super) struct Lent<T: Spare>(Option<T>);

impl<T: Spare> Lent<T> {
    pub(super) fn take() -> Self {
        let kept = T::shelf().with(|shelf| shelf.0.borrow_mut().pop());
        Self(Some(kept.map_or_else(T::fresh, |mut kept| {
            kept.reset();
            kept
        })))
    }
}

impl<T: Spare> Deref for Lent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("there until dropped")
    }
}

impl<T: Spare> DerefMut for Lent<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("there until dropped")
    }
}

impl<T: Spare> Drop for Lent<T> {
    fn drop(&mut self) {
        // A thread that ends has no use for them.
        let _ = T::shelf().try_with(|shelf| {
            if let Ok(mut kept) = shelf.0.try_borrow_mut()
                && kept.len() < KEPT
            {
                kept.extend(self.0.take());
            }
        });
    }
}

impl<T: Spare> fmt::Debug for Lent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lent")
    }
}
