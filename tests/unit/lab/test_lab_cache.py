from __future__ import annotations

from ocpvirt_lab.cache import cache_root, content_key


def _module(root):
    (root / "cmd").mkdir(parents=True)
    (root / "go.mod").write_text("module x\n")
    (root / "cmd" / "main.go").write_text("package main\n")
    return root


def test_the_key_follows_content_and_facts(tmp_path):
    module = _module(tmp_path / "m")
    key = content_key(module, ["go1.26", "-s"])
    assert content_key(module, ["go1.26", "-s"]) == key
    assert content_key(module, ["go1.27", "-s"]) != key
    (module / "cmd" / "main.go").write_text("package main // changed\n")
    changed = content_key(module, ["go1.26", "-s"])
    assert changed != key
    (module / "go.sum").write_text("a sum\n")
    assert content_key(module, ["go1.26", "-s"]) != changed


def test_the_same_content_elsewhere_has_the_same_key(tmp_path):
    assert content_key(_module(tmp_path / "a"), []) == content_key(_module(tmp_path / "b"), [])


def test_tests_and_notes_do_not_cause_a_build(tmp_path):
    module = _module(tmp_path / "m")
    key = content_key(module, [])
    (module / "cmd" / "main_test.go").write_text("package main\n")
    (module / "README.md").write_text("notes\n")
    assert content_key(module, []) == key


def test_the_cache_lies_where_the_variables_say(monkeypatch, tmp_path):
    monkeypatch.setenv("OCPVIRT_DR_CACHE", str(tmp_path / "chosen"))
    assert cache_root() == tmp_path / "chosen" / "lab"
    monkeypatch.delenv("OCPVIRT_DR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_root() == tmp_path / "xdg" / "ocpvirt-dr" / "lab"
