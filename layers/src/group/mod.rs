//! Finite subgroups H of O(2) and their action on the plane.
