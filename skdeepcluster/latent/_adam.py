"""Adam, without the compiler that torch's own optimisers load."""

import torch

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


class Adam:
    """Steps of Adam, with torch's defaults.

    Making one of ``torch.optim`` imports torch's compiler, which takes longer than the training
    of a head on a few thousand images.

    Parameters
    ----------
    parameters : iterable of torch.nn.Parameter
    learning_rate : float

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
    """

    def __init__(self, parameters, learning_rate):
        self.parameters = list(parameters)
        self.learning_rate = float(learning_rate)
        self._n_steps = 0
        self._means = [torch.zeros_like(each) for each in self.parameters]
        self._squares = [torch.zeros_like(each) for each in self.parameters]

    @torch.no_grad()
    def step(self, loss):
        """Compute the gradients of a loss, a scalar, and change the parameters."""
        self._n_steps += 1
        corrections = [1 - beta**self._n_steps for beta in _BETAS]
        for parameter, gradient, mean, square in zip(
            self.parameters,
            torch.autograd.grad(loss, self.parameters),
            self._means,
            self._squares,
            strict=True,
        ):
            mean.lerp_(gradient, 1 - _BETAS[0])
            square.mul_(_BETAS[1]).addcmul_(gradient, gradient, value=1 - _BETAS[1])
            scale = (square / corrections[1]).sqrt_().add_(_EPSILON)
            parameter.addcdiv_(mean, scale, value=-self.learning_rate / corrections[0])
