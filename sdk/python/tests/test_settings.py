"""creta.yaml: the project's name and what it asks of the metadata of its features."""

SHIP = "from creta import features\n@features\nclass Ship:\n    id: int\n"


def test_rules_and_name_come_from_the_settings_file(project):
    rules = """
    project: harbour
    validation:
      feature:
        metadata:
          - name: owner
            missing: error
          - {name: tags, missing: info}
    """
    bundle = project.write(features_py=SHIP, creta_yaml=rules).export().bundle
    assert bundle["project"] == "harbour"
    assert bundle["metadata_rules"] == [{"name": "owner", "missing": "error"}, {"name": "tags", "missing": "info"}]


def test_without_rules_the_bundle_has_none(project):
    bundle = project.write(features_py=SHIP, creta_yaml="project: 7\n").export().bundle
    assert bundle["project"] == "7" and "metadata_rules" not in bundle
    (project.root / "creta.yaml").write_text("")
    assert project.export("again").bundle["project"] == "project"


def test_every_fault_of_the_rules_is_told_at_its_line(project):
    rules = """
    validation:
      feature:
        metadata:
          - {name: ownr, missing: error}
          - {name: tags}
          - {name: tags, missing: fatal}
          - description
    """
    letters = project.write(features_py=SHIP, creta_yaml=rules).export().letters
    told = [(letter["place"]["line"], letter["message"]) for letter in letters]
    assert told == [
        (4, "`ownr` is no `name` of a metadata rule."),
        (5, "A metadata rule has no `missing`."),
        (6, "`fatal` is no `missing` of a metadata rule."),
        (7, "A metadata rule has no `name`."),
        (7, "A metadata rule has no `missing`."),
    ]
    assert letters[0]["fix"] == "Did you mean `owner`?" and letters[0]["place"]["file"] == "creta.yaml"


def test_rules_must_be_a_list_and_the_file_yaml(project):
    letters = project.write(features_py=SHIP, creta_yaml="validation: {feature: {metadata: owner}}\n").export().letters
    assert "is not a list of rules" in letters[0]["message"]
    (project.root / "creta.yaml").write_text("project: [\n")
    letters = project.export("broken").letters
    assert letters[0]["code"] == "invalid_definition" and letters[0]["place"]["file"] == "creta.yaml"
