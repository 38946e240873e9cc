from ._command import run


def test_views_are_as_many_as_asked_for(result, tmp_path, monkeypatch):
    from skdeepcluster.embedding import ImageEmbedder

    asked = []
    transform_views = ImageEmbedder.transform_views

    def count(embedder, images, n_views):
        asked.append(n_views)
        return transform_views(embedder, images, n_views)

    monkeypatch.setattr(ImageEmbedder, "transform_views", count)
    arguments = ["cluster", result / "photos", "--n-clusters", 4, "--image-size", 64]
    for n_views in (0, 1):
        where = ["--views", n_views, "--output", tmp_path / f"views-{n_views}"]
        assert run(*arguments, *where) == 0
    assert asked == [1]
