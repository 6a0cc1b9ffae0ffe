//! Normalisation and dropout that treat the responses over H as one field.
