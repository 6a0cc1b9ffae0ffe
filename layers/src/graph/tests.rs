use super::*;
use crate::testing::noise;
use burn::prelude::*;
use burn::tensor::Tolerance;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rstest::rstest;

fn cloud(count: usize, seed: u64) -> Vec<[f64; 3]> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut point = || std::array::from_fn(|_| random.random_range(-2.0..2.0));
    (0..count).map(|_| point()).collect()
}

/// Everything within the radius, by comparing all pairs.
fn pairs_within(points: &[[f64; 3]], radius: f64) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    for (target, a) in points.iter().enumerate() {
        for (source, b) in points.iter().enumerate() {
            if source != target && point::squared(*a, *b) <= radius * radius {
                pairs.push((source as u32, target as u32));
            }
        }
    }
    pairs
}

fn edges(graph: &Graph) -> Vec<(u32, u32)> {
    let sources = graph.sources().iter().copied();
    sources.zip(graph.targets().iter().copied()).collect()
}

#[test]
fn edges_are_sorted_by_target_and_keep_their_order() {
    let graph = Graph::new(3, [(2, 1), (0, 2), (0, 1), (1, 0)]).unwrap();
    assert_eq!(edges(&graph), [(1, 0), (2, 1), (0, 1), (0, 2)]);
    assert_eq!(graph.neighbours(), None);
}

#[test]
fn a_batch_numbers_the_nodes_of_each_graph_after_the_last() {
    let pair = Graph::fully_connected(2).unwrap();
    let lonely = Graph::new(1, []).unwrap();
    let batch = Graph::batch([&pair, &lonely, &pair]).unwrap();
    assert_eq!(edges(&batch), [(1, 0), (0, 1), (4, 3), (3, 4)]);
    assert_eq!(batch.graph_of_node().collect::<Vec<_>>(), [0, 0, 1, 2, 2]);
    assert_eq!(batch.starts(), [0, 2, 3, 5]);
    assert_eq!(batch.neighbours(), None);
    assert_eq!(pair.repeat(7).unwrap().neighbours(), Some(1));
}

#[rstest]
fn a_radius_graph_is_what_comparing_all_pairs_finds(
    #[values(0.05, 0.3, 1.0, 10.0)] radius: f64,
    #[values(1, 2, 300)] count: usize,
) {
    let points = cloud(count, 1);
    let graph = Graph::within_radius(&points, radius).unwrap();
    assert_eq!(edges(&graph), pairs_within(&points, radius));
}

#[test]
fn a_radius_graph_stands_points_far_apart() {
    // Far more cubes of the radius between them than can be numbered, in coordinates whose squares overflow.
    let mut points = cloud(50, 2);
    points.extend([
        [1e300, 0.0, -1e300],
        [1e300, 0.0, -1e300],
        [-1e308, 1e308, 0.0],
    ]);
    let graph = Graph::within_radius(&points, 0.5).unwrap();
    assert_eq!(edges(&graph), pairs_within(&points, 0.5));
    assert!(edges(&graph).contains(&(50, 51)));
}

#[rstest]
fn nearest_neighbours_are_what_sorting_all_finds(
    #[values(1, 5, 40)] count: usize,
    #[values(1, 3, 13, 400)] nodes: usize,
) {
    let points = cloud(nodes, 3);
    let graph = Graph::nearest(&points, count).unwrap();
    assert_eq!(graph.neighbours(), Some(count.min(nodes - 1)));
    for (target, point) in points.iter().enumerate() {
        let mut all: Vec<u32> = (0..nodes as u32)
            .filter(|&n| n as usize != target)
            .collect();
        all.sort_by(|&a, &b| {
            let distance = |n: u32| point::squared(*point, points[n as usize]);
            distance(a).total_cmp(&distance(b))
        });
        let found: Vec<u32> = edges(&graph)
            .into_iter()
            .filter(|edge| edge.1 as usize == target)
            .map(|edge| edge.0)
            .collect();
        assert_eq!(found, all[..count.min(nodes - 1)]);
    }
}

#[test]
fn coincident_points_have_each_other_as_neighbours() {
    let points = vec![[0.5; 3]; 5000];
    let graph = Graph::nearest(&points, 3).unwrap();
    assert_eq!(graph.neighbours(), Some(3));
    assert!(
        edges(&graph)
            .iter()
            .all(|(source, target)| source != target)
    );
}

#[test]
fn large_clouds_are_not_compared_pair_by_pair() {
    // All pairs of 60,000 points would be 3.6e9 distances, many seconds even at one per nanosecond.
    let points = cloud(60_000, 4);
    let start = std::time::Instant::now();
    let within = Graph::within_radius(&points, 0.1).unwrap();
    let nearest = Graph::nearest(&points, 4).unwrap();
    assert!(within.edges() > 60_000);
    assert_eq!(nearest.edges(), 240_000);
    assert!(
        start.elapsed().as_secs_f64() < 10.0,
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn what_is_no_graph_is_refused_by_name() {
    let message = |result: Result<Graph, GraphError>| result.unwrap_err().to_string();
    let far = message(Graph::new(3, [(0, 1), (1, 3)]));
    assert!(
        far.contains("edge 1") && far.contains("node 3") && far.contains("3 nodes"),
        "{far}"
    );
    for bad in [f64::NAN, f64::INFINITY] {
        let points = [[0.0; 3], [0.0, bad, 0.0]];
        for error in [
            Graph::within_radius(&points, 1.0),
            Graph::nearest(&points, 1),
        ] {
            assert!(matches!(error, Err(GraphError::Position { node: 1, .. })));
        }
    }
    for radius in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = Graph::within_radius(&[[0f32; 3]], radius);
        assert!(matches!(error, Err(GraphError::Radius { .. })), "{radius}");
    }
    let large = message(Graph::fully_connected(100_000));
    assert!(large.contains("edges"), "{large}");
}

/// Sums with the general path and with loops over plain numbers.
#[rstest]
#[case::equal(Graph::fully_connected(4).unwrap().repeat(3).unwrap())]
#[case::ragged(Graph::within_radius(&cloud(40, 5), 0.8).unwrap())]
#[case::isolated(Graph::new(4, [(0, 2), (1, 2), (2, 0)]).unwrap())]
#[case::no_edges(Graph::new(3, []).unwrap())]
#[case::no_nodes(Graph::new(0, []).unwrap())]
#[case::no_graphs(Graph::batch([]).unwrap())]
fn gathering_and_summing_agree_with_loops(#[case] graph: Graph) {
    let device = Device::flex();
    let tensors = GraphTensors::new(&graph, &device);
    let width = 3;
    let features = noise([graph.nodes(), width], 1, &device);
    let messages = noise([graph.edges(), width], 2, &device);
    let numbers = |t: Tensor<2>| t.into_data().iter::<f32>().collect::<Vec<_>>();
    let (x, m) = (numbers(features.clone()), numbers(messages.clone()));

    let pick = |index: &[u32]| -> Vec<f32> {
        let rows = index.iter().map(|&row| row as usize * width);
        rows.flat_map(|row| x[row..row + width].to_vec()).collect()
    };
    assert_eq!(
        numbers(tensors.gather_sources(features.clone())),
        pick(graph.sources())
    );
    assert_eq!(
        numbers(tensors.gather_targets(features.clone())),
        pick(graph.targets())
    );

    let add = |index: &[u32], rows: usize, values: &[f32], mean: bool| -> TensorData {
        let mut sums = vec![0f32; rows * width];
        let mut counts = vec![0f32; rows];
        for (reader, &row) in index.iter().enumerate() {
            counts[row as usize] += 1.0;
            for c in 0..width {
                sums[row as usize * width + c] += values[reader * width + c];
            }
        }
        if mean {
            for (at, sum) in sums.iter_mut().enumerate() {
                *sum /= counts[at / width].max(1.0);
            }
        }
        TensorData::new(sums, [rows, width])
    };
    let close = |result: Tensor<2>, expected: TensorData| {
        result
            .into_data()
            .assert_approx_eq::<f32>(&expected, Tolerance::rel_abs(1e-5, 1e-6));
    };
    let (nodes, graphs) = (graph.nodes(), graph.graphs());
    let of_node: Vec<u32> = graph.graph_of_node().collect();
    close(
        tensors.sum_to_targets(messages.clone()),
        add(graph.targets(), nodes, &m, false),
    );
    close(
        tensors.mean_to_targets(messages),
        add(graph.targets(), nodes, &m, true),
    );
    close(
        tensors.sum_to_graphs(features.clone()),
        add(&of_node, graphs, &x, false),
    );
    close(
        tensors.mean_to_graphs(features.clone()),
        add(&of_node, graphs, &x, true),
    );

    let centred = tensors.mean_to_graphs(tensors.centre(features));
    close(centred, TensorData::zeros::<f32, _>([graphs, width]));
}

#[rstest]
#[case::equal(Graph::fully_connected(3).unwrap())]
#[case::ragged(Graph::new(3, [(0, 2), (1, 2), (2, 0)]).unwrap())]
fn gradients_flow_back_along_the_edges(#[case] graph: Graph) {
    let device = Device::flex().autodiff();
    let tensors = GraphTensors::new(&graph, &device);
    let features = noise([3, 2], 1, &device).require_grad();
    let sent =
        tensors.gather_sources(features.clone()) - tensors.gather_targets(features.clone()) * 2.0;
    let heard = tensors.sum_to_targets(sent) * Tensor::from_floats([[1.], [10.], [100.]], &device);
    let gradient = features.grad(&heard.sum().backward()).unwrap();
    let mut expected = [0f32; 3];
    for (source, target) in edges(&graph) {
        let weight = [1.0, 10.0, 100.0][target as usize];
        expected[source as usize] += weight;
        expected[target as usize] -= 2.0 * weight;
    }
    let expected = expected.map(|value| [value; 2]);
    assert_eq!(gradient.into_data(), TensorData::from(expected));
}
