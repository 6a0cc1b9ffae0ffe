//! From tensors to the operations and back.

use super::extension::SteerableOps;
use super::plan::{GatePlan, GatheredPlan, ProductPlan};
use crate::steerable::attributes::Attributes;
use crate::steerable::layout::placed;
use crate::steerable::paths::Paths;
use crate::steerable::tensor_product::GatheredInput;
use burn::backend::Dispatch;
use burn::prelude::*;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// The plans that a layer has used so far, by the range of input blocks that each is for.
#[derive(Debug, Default)]
pub(in crate::steerable) struct Plans {
    products: Mutex<BTreeMap<(usize, usize, bool), Arc<ProductPlan>>>,
    gathered: Mutex<BTreeMap<(usize, usize), Arc<GatheredPlan>>>,
}

impl Plans {
    fn product(&self, paths: &Paths, inputs: &Range<usize>, bias: bool) -> Arc<ProductPlan> {
        let mut kept = self.products.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = || Arc::new(ProductPlan::new(paths, inputs.clone(), bias));
        let key = (inputs.start, inputs.end, bias);
        kept.entry(key).or_insert_with(plan).clone()
    }

    fn gathered(&self, paths: &Paths, inputs: &Range<usize>) -> Arc<GatheredPlan> {
        let mut kept = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = || Arc::new(GatheredPlan::new(paths, inputs.clone()));
        kept.entry((inputs.start, inputs.end))
            .or_insert_with(plan)
            .clone()
    }
}

fn product(
    features: Tensor<2>,
    attributes: &Attributes,
    weight: &Tensor<1>,
    bias: Option<&Tensor<1>>,
    plan: Arc<ProductPlan>,
) -> Tensor<2> {
    let bias = match bias {
        Some(bias) => bias.clone(),
        None => Tensor::zeros([0], (&weight.device(), weight.dtype())),
    };
    Tensor::from_dispatch(Dispatch::steerable_product(
        features.into_dispatch(),
        attributes.tensor().clone().into_dispatch(),
        weight.clone().into_dispatch(),
        bias.into_dispatch(),
        plan,
    ))
}

/// A tensor product of features that have a row of attributes each. There are rows.
pub(in crate::steerable) fn forward(
    paths: &Paths,
    features: Tensor<2>,
    attributes: &Attributes,
    weight: &Tensor<1>,
    bias: Option<&Tensor<1>>,
) -> Tensor<2> {
    let all = 0..paths.input.blocks().len();
    let plan = paths.plans.product(paths, &all, bias.is_some());
    product(features, attributes, weight, bias, plan)
}

/// A tensor product of several inputs side by side, some of them gathered. There are rows of all of them.
pub(in crate::steerable) fn forward_gathered(
    paths: &Paths,
    inputs: &[GatheredInput<'_>],
    attributes: &Attributes,
    weight: &Tensor<1>,
    bias: Option<&Tensor<1>>,
) -> Tensor<2> {
    let mut start = 0;
    let mut open = bias;
    let mut sum: Option<Tensor<2>> = None;
    for input in inputs {
        let blocks = start..start + input.irreps.blocks().len();
        start = blocks.end;
        let features = input.features.clone();
        let contract_first = paths.plans.product(paths, &blocks, false);
        let part = match input.rows {
            Some(rows) => {
                let mix_first = paths.plans.gathered(paths, &blocks);
                let nodes = features.dims()[0];
                if nodes * mix_first.cost() < attributes.rows() * contract_first.cost() {
                    Tensor::from_dispatch(Dispatch::steerable_gathered_product(
                        features.into_dispatch(),
                        attributes.tensor().clone().into_dispatch(),
                        weight.clone().into_dispatch(),
                        mix_first,
                        rows.plain.clone(),
                    ))
                } else {
                    let gathered = rows.gather(features);
                    product(gathered, attributes, weight, None, contract_first)
                }
            }
            None => {
                // The first that contracts anyway takes the bias along.
                let bias = open.take();
                let plan = paths.plans.product(paths, &blocks, bias.is_some());
                product(features, attributes, weight, bias, plan)
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

/// The gate of rows of features. There are rows.
pub(in crate::steerable) fn forward_gate(features: Tensor<2>, plan: Arc<GatePlan>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::steerable_gate(features.into_dispatch(), plan))
}
