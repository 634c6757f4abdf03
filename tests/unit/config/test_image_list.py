"""The images that lists, Compose files and Kubernetes manifests name."""

import contextlib
import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dget.config.image_list import read_image_list
from dget.errors import UsageError

COMPOSE = """
name: shop
services:
  web:
    image: nginx:${TAG:-1.25}   # the front
    ports: ["80:80"]
  db: {image: "postgres@sha256:0123"}
  again:
    image: $FRONT
  built:
    build: .
  money: {image: "a$$b"}
volumes: {}
"""
KUBERNETES = """
apiVersion: v1
kind: List
items:
- kind: CronJob
  spec:
    jobTemplate:
      spec:
        template:
          spec:
            initContainers: [{name: a, image: "busybox:1"}]
            containers:
            - {name: b, image: quay.io/x/job:2}
            volumes: [{name: v, image: {reference: "models/m:3"}}, {name: w, emptyDir: {}}]
---
# Source: chart/templates/deployment.yaml
kind: Deployment
spec: {template: {spec: {containers: [{name: c, image: nginx:1.25}, {name: d, image: busybox:1}]}}}
---
kind: ConfigMap
data: {image: "not-this:1"}
"""


def read(tmp_path, text: str, name: str = "list", **environment: str) -> list[str]:
    (tmp_path / name).write_text(text)
    return read_image_list(str(tmp_path / name), environment)


def test_a_plain_list_has_one_a_line_and_comments(tmp_path):
    text = "\ufeff# base\nalpine:3.20\n\n  localhost:5000/a/b@sha256:00  # pinned\r\nalpine:3.20\n"
    assert read(tmp_path, text) == ["alpine:3.20", "localhost:5000/a/b@sha256:00"]


def test_a_compose_file_gives_its_services_images(tmp_path):
    found = read(tmp_path, COMPOSE, FRONT="front:7")
    assert found == ["nginx:1.25", "postgres@sha256:0123", "front:7", "a$b"]


def test_a_compose_files_variables_come_from_the_environment_before_the_env_file(tmp_path):
    (tmp_path / ".env").write_text("# mine\nTAG='1.26'\nexport FRONT=front:1\n")
    assert read(tmp_path, COMPOSE, TAG="1.27")[0] == "nginx:1.27"
    assert read(tmp_path, COMPOSE)[::2] == ["nginx:1.26", "front:1"]


@pytest.mark.parametrize(
    ("text", "said"), [("${TAG}", "TAG is not set"), ("${TAG:?say which}", "say which"), ("$TAG", "TAG is not set")]
)
def test_a_variable_without_a_value_is_told(tmp_path, text, said):
    with pytest.raises(UsageError, match=said):
        read(tmp_path, f"services: {{a: {{image: 'x:{text}'}}}}")


def test_kubernetes_manifests_give_their_containers_images_wherever_they_stand(tmp_path):
    assert read(tmp_path, KUBERNETES) == ["busybox:1", "quay.io/x/job:2", "models/m:3", "nginx:1.25"]


def test_standard_input_is_a_list_too(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(KUBERNETES.encode())))
    assert read_image_list("-", {})[0] == "busybox:1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no image"),
        ("# nothing\n", "names no image"),
        ("services:\n  a: [\n", "line 3"),
        ("kind: Pod\n", "names no image"),
        ("services: {a: " * 20_000, "cannot be read as YAML"),
    ],
)
def test_what_is_no_list_is_told_with_its_place(tmp_path, text, said):
    with pytest.raises(UsageError, match=said):
        read(tmp_path, text)


def test_aliases_that_multiply_cost_nothing(tmp_path):
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    bomb = f"a0: &a0 [{{containers: [{{image: 'x:1'}}]}}]\n{levels}\n"
    assert read(tmp_path, bomb) == ["x:1"]


def test_what_cannot_be_read_is_told(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        read_image_list(str(tmp_path / "missing"), {})
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="no text"):
        read_image_list(str(tmp_path / "binary"), {})


@given(st.text(max_size=300))
def test_any_text_is_a_list_or_a_usage_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_text(text, encoding="utf-8", errors="replace")
    with contextlib.suppress(UsageError):
        assert read_image_list(str(path), {})
