//! Lists of a few things, put in order.
//!
//! The sort of the standard library is made for long lists: it takes 2 to 10 KB of the page's module
//! for each type. Used where a list is as long as there are nodes, shards or replicas.

/// Sorts by insertion: what is equal stays as it was.
pub(crate) fn sort_by_key<T, K: Ord>(list: &mut [T], key: impl Fn(&T) -> K) {
    for end in 1..list.len() {
        let mut at = end;
        while at > 0 && key(&list[at]) < key(&list[at - 1]) {
            list.swap(at, at - 1);
            at -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_a_stable_sort() {
        for list in [&[][..], &[5], &[31, 20, 12, 30, 11, 10, 22]] {
            let (mut few, mut expected) = (list.to_vec(), list.to_vec());
            sort_by_key(&mut few, |n| n / 10);
            expected.sort_by_key(|n| n / 10);
            assert_eq!(few, expected);
        }
    }
}
