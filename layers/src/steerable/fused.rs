//! Tensor products and gates on the CPU, each as one operation.

use super::attributes::Attributes;
use super::gathered::GatheredInput;
use super::layout::placed;
use super::paths::Paths;
use super::plan;
use burn::prelude::*;
use gcnn_cpu::tensor_product::{GatheredPlan, ProductPlan, gathered_product, product};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// The plans that a layer has used so far, by the range of input blocks that each is for.
#[derive(Debug, Default)]
pub(super) struct Plans {
    products: Mutex<BTreeMap<(usize, usize, bool), Arc<ProductPlan>>>,
    gathered: Mutex<BTreeMap<(usize, usize), Arc<GatheredPlan>>>,
}

impl Plans {
    fn product(&self, paths: &Paths, inputs: &Range<usize>, bias: bool) -> Arc<ProductPlan> {
        let mut kept = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = || Arc::new(plan::product(paths, inputs.clone(), bias));
        let key = (inputs.start, inputs.end, bias);
        kept.entry(key).or_insert_with(plan).clone()
    }

    fn gathered(&self, paths: &Paths, inputs: &Range<usize>) -> Arc<GatheredPlan> {
        let mut kept = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = || Arc::new(plan::gathered(paths, inputs.clone()));
        kept.entry((inputs.start, inputs.end))
            .or_insert_with(plan)
            .clone()
    }
}

/// Whether the kernels can take these tensors.
pub(super) fn supports(tensors: &[&Tensor<2>], vectors: &[Tensor<1>]) -> bool {
    let mut types = tensors
        .iter()
        .map(|tensor| tensor.dtype())
        .chain(vectors.iter().map(|vector| vector.dtype()));
    let first = types.next();
    types.all(|other| Some(other) == first)
        && !tensors.is_empty()
        && tensors.iter().all(|tensor| gcnn_cpu::supports(tensor))
        && vectors.iter().all(gcnn_cpu::supports)
}

/// A tensor product's paths, and what has been worked out from them.
pub(super) struct Product<'a> {
    pub(super) paths: &'a Paths,
    pub(super) plans: &'a Plans,
}

impl Product<'_> {
    /// Of features that have a row of attributes each. There are rows.
    pub(super) fn forward(
        &self,
        features: Tensor<2>,
        attributes: &Attributes,
        weight: &Tensor<1>,
        bias: Option<&Tensor<1>>,
    ) -> Tensor<2> {
        let Self { paths, plans } = self;
        let all = 0..paths.input.blocks().len();
        let plan = plans.product(paths, &all, bias.is_some());
        let attributes = attributes.tensor().clone();
        product(features, attributes, weight.clone(), bias.cloned(), plan)
    }

    /// Of several inputs side by side, some of them gathered. There are rows of all of them.
    pub(super) fn forward_gathered(
        &self,
        inputs: &[GatheredInput<'_>],
        attributes: &Attributes,
        weight: &Tensor<1>,
        bias: Option<&Tensor<1>>,
    ) -> Tensor<2> {
        let Self { paths, plans } = self;
        let steering = || attributes.tensor().clone();
        let mut start = 0;
        let mut open = bias;
        let mut sum: Option<Tensor<2>> = None;
        for input in inputs {
            let blocks = start..start + input.irreps.blocks().len();
            start = blocks.end;
            let features = input.features.clone();
            let contract_first = plans.product(paths, &blocks, false);
            let part = match input.rows {
                Some(rows) => {
                    let mix_first = plans.gathered(paths, &blocks);
                    let nodes = features.dims()[0];
                    if nodes * mix_first.cost() < attributes.rows() * contract_first.cost() {
                        let index = rows.index.clone();
                        gathered_product(features, steering(), weight.clone(), mix_first, index)
                    } else {
                        let gathered = rows.gather(features);
                        product(gathered, steering(), weight.clone(), None, contract_first)
                    }
                }
                None => {
                    // The first that contracts anyway takes the bias along.
                    let bias = open.take();
                    let plan = plans.product(paths, &blocks, bias.is_some());
                    product(features, steering(), weight.clone(), bias.cloned(), plan)
                }
            };
            sum = Some(match sum {
                None => part,
                Some(sum) => sum + part,
            });
        }
        let rows = attributes.rows();
        let empty = || {
            Tensor::zeros(
                [rows, paths.output.dim()],
                (&weight.device(), weight.dtype()),
            )
        };
        let sum = sum.unwrap_or_else(empty);
        match open {
            None => sum,
            Some(bias) => sum + padded(paths, bias),
        }
    }
}

/// The bias as a row of the output, zero where there is none.
fn padded(paths: &Paths, bias: &Tensor<1>) -> Tensor<2> {
    let ranges = paths.bias_ranges();
    let parts = placed(&paths.output)
        .zip(ranges)
        .map(|((_, place), range)| match range {
            Some(range) => bias.clone().slice([range]),
            None => Tensor::zeros([place.len()], (&bias.device(), bias.dtype())),
        });
    Tensor::cat(parts.collect(), 0).unsqueeze()
}
