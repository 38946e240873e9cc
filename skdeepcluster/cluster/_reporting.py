"""What a user and their callbacks see of the training."""


class EpochReporter:
    """Writes ``history_``, moves the progress bar and calls scikit-learn's callbacks.

    A context manager; calling it with the name of a stage gives the function that training
    calls after each epoch.
    """

    def __init__(self, estimator, context, X, as_fitted, total):
        self.estimator = estimator
        self.context = context
        self.X = X
        self.as_fitted = as_fitted
        self.total = total
        self.stopped = False

    def __enter__(self):
        from tqdm.auto import tqdm

        self.bar = tqdm(
            total=self.total, desc="training", unit="epoch", disable=not self.estimator.verbose
        )
        return self

    def __exit__(self, *exception):
        self.bar.close()

    def __call__(self, stage):
        """Return ``on_epoch(record)`` for a stage; true stops the training."""

        def on_epoch(record):
            for name, value in {**record, "stage": stage}.items():
                self.estimator.history_.setdefault(name, []).append(value)
            self.bar.set_postfix(score=f"{record['score']:.3f}", refresh=False)
            self.bar.update()
            # An epoch is told of when it is over: which one is the last is not known before.
            epoch = self.context.subcontext(task_name="epoch")
            epoch.call_on_fit_task_begin(estimator=self.estimator, X=self.X)
            self.stopped = epoch.call_on_fit_task_end(
                estimator=self.estimator, X=self.X, reconstruction_attributes=self.as_fitted
            )
            return self.stopped

        return on_epoch
