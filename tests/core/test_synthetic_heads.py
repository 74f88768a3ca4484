"""Synthetic heads: signs of turns, and MPFB2's files."""

from pathlib import Path

import numpy as np
import pytest

from tests.bench.synthetic_heads import (
    BODY,
    PIVOT,
    HeadMesh,
    SyntheticHead,
    pose_matrix,
    project,
    read_obj,
    read_target,
    vertex_normals,
)

NOSE_TIP = np.array([0.0, 0.0, 1.0])  # of a head around the origin, y up, z to the viewer


def test_normals_point_out_of_the_side_that_is_seen():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], float)

    assert np.allclose(vertex_normals(points, np.array([[0, 1, 2]])), (0, 0, 1))


@pytest.mark.parametrize(
    ("axis", "point", "towards"),
    [
        ("yaw", NOSE_TIP, (-1, 0, 0)),  # the image's left
        ("pitch", NOSE_TIP, (0, -1, 0)),  # down
        ("roll", (0, 1, 0), (1, 0, 0)),  # clockwise: the top goes to the right
    ],
)
def test_heads_turn_as_poses_of_motion_say(axis, point, towards):
    assert np.allclose(pose_matrix(axis, 90) @ point, towards)


def test_nearer_points_are_projected_farther_from_the_middle_and_y_is_down():
    near, far = project(np.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]))
    middle = project(np.zeros((1, 3)))[0]

    assert (near - middle)[0] > (far - middle)[0] > 0
    assert (near - middle)[1] < (far - middle)[1] < 0


def test_meshes_are_read_with_their_groups_and_texture():
    text = "v 0 1 2\nv 3 4 5\nv 6 7 8\nvt 0.5 1\ng body\nf 1/1 2/1 3/1\n"

    points, texture, faces = read_obj(text)

    assert points.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert texture.tolist() == [[0.5, 1]]
    assert faces == [("body", [(0, 0), (1, 0), (2, 0)])]


def test_targets_move_only_the_vertices_that_they_name():
    shifts = read_target("# comment\n\n4 1 2 3\n7 1 1 1\n", kept=np.array([1, 4]))

    assert shifts.tolist() == [[0, 0, 0], [1, 2, 3]]


def test_points_behind_others_are_hidden_and_those_in_front_are_where_they_project():
    square = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], float)
    points = PIVOT + np.concatenate([square * 0.9 + (0, 0, 0.5), square * 0.5])
    triangles = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    texture, lips = np.zeros((4, 3, 2)), np.zeros((2, 2))
    parts = np.array([BODY] * 4)
    mesh = HeadMesh(Path(), points, np.arange(8), triangles, parts, texture, lips)
    head = SyntheticHead("squares", mesh, points, np.zeros(3), yaw_deg=0.0)

    places = head.visible_places("yaw", 0.0)

    assert np.allclose(places[:4], project(points[:4] - PIVOT))
    assert np.isnan(places[4:]).all()
    assert np.isnan(head.visible_places("yaw", 180.0)).all()
