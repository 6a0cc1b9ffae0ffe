//! Reading.

use std::collections::HashMap;

use gcnn_layers::Parameters;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::{Header, WeightsError, check_finite, compare};
use crate::weights::{Array, Weights};

/// A weights file in memory, its header read and its arrays still where they are.
#[derive(Debug)]
pub struct WeightsFile<'a> {
    header: Header,
    arrays: SafeTensors<'a>,
}

impl<'a> WeightsFile<'a> {
    /// Reads the header of the bytes of a file; arrays that claim other bytes than there are, are refused.
    pub fn parse(contents: &'a [u8]) -> Result<Self, WeightsError> {
        let header = Header::read(contents)?;
        let arrays =
            SafeTensors::deserialize(contents).map_err(|e| WeightsError::Format(e.to_string()))?;
        Ok(Self { header, arrays })
    }

    /// What the file says beside its arrays.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Names and shapes of its arrays.
    pub fn parameters(&self) -> Parameters {
        let arrays = self.arrays.iter();
        arrays.fold(Parameters::new(), |all, (name, view)| {
            all.with(name, view.shape())
        })
    }

    /// The arrays of a network of these parameters. Before any is copied, names and shapes are compared, and what else the
    /// file may hold is refused, as are values that are no finite numbers.
    pub fn arrays(&self, expected: &Parameters) -> Result<Weights, WeightsError> {
        compare(expected, &self.parameters())?;
        let weights = self.all_arrays()?;
        check_finite(&weights)?;
        Ok(weights)
    }

    /// All float32 arrays, whatever they are of. They take as much memory as the file.
    pub fn all_arrays(&self) -> Result<Weights, WeightsError> {
        let arrays = self.arrays.iter();
        arrays
            .map(|(name, view)| Ok((name.to_string(), array(name, &view)?)))
            .collect()
    }
}

fn array(name: &str, view: &TensorView<'_>) -> Result<Array, WeightsError> {
    if view.dtype() != Dtype::F32 {
        return Err(WeightsError::Numbers {
            name: name.to_string(),
            found: format!("{:?}", view.dtype()),
        });
    }
    let (numbers, _) = view.data().as_chunks::<4>();
    Ok(Array {
        shape: view.shape().to_vec(),
        values: numbers.iter().map(|b| f32::from_le_bytes(*b)).collect(),
    })
}

/// All float32 arrays and the metadata of the bytes of a safetensors file.
pub fn from_bytes(contents: &[u8]) -> Result<(Weights, HashMap<String, String>), WeightsError> {
    let file = WeightsFile::parse(contents)?;
    Ok((file.all_arrays()?, file.header.into_texts()))
}
