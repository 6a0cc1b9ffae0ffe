//! Tests of images with masks: on the carried images, on small folders made here, and on whole folders where they are.
