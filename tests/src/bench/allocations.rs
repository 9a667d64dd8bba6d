//! Counts what is allocated and not yet freed.
//!
//! An allocator of the program as a whole, so it counts everything: compare two moments. It adds a
//! few instructions to every allocation, on both sides of every comparison here.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static BLOCKS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counting.
pub(crate) struct CountingAllocator;

/// What is allocated at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    pub(crate) blocks: usize,
    pub(crate) bytes: usize,
}

impl Live {
    /// Now.
    pub(crate) fn now() -> Self {
        let (blocks, bytes) = (BLOCKS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
        Self { blocks, bytes }
    }

    /// What was added since an earlier moment; zero if it shrank.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            blocks: self.blocks.saturating_sub(earlier.blocks),
            bytes: self.bytes.saturating_sub(earlier.bytes),
        }
    }
}

/// Not one atomic step: all that is counted here happens on one thread, and this is much cheaper.
fn add(counter: &AtomicUsize, amount: usize) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}

fn subtract(counter: &AtomicUsize, amount: usize) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_sub(amount), Ordering::Relaxed);
}

// SAFETY: everything is left to the system's allocator; counting does not touch the memory.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(&BLOCKS, 1);
        add(&BYTES, layout.size());
        // SAFETY: as the caller of this function promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(&BLOCKS, 1);
        add(&BYTES, layout.size());
        // SAFETY: as the caller of this function promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        subtract(&BLOCKS, 1);
        subtract(&BYTES, layout.size());
        // SAFETY: as the caller of this function promises.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        subtract(&BYTES, layout.size());
        add(&BYTES, size);
        // SAFETY: as the caller of this function promises.
        unsafe { System.realloc(block, layout, size) }
    }
}
