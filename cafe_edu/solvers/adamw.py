"""AdamW: Adam whose weight decay is no part of the gradient. Not in Caffe."""

from cafe_edu.solvers.adam import adam_step, check_betas
from cafe_edu.solvers.rule import Rule, register_rule


@register_rule("AdamW")
class AdamW(Rule):
    r"""Take Adam's step by the bare gradient, and let the weights shrink beside it. Not in Caffe.

    .. math:: w \leftarrow w - u_{Adam}(dw) - \ell \lambda w

    In Adam the decay :math:`\lambda w` is part of the gradient, so it is divided by the gradient's size as all of
    it: weights with large gradients hardly decay. Here every weight loses the same share. :math:`\lambda` is
    ``weight_decay`` times ``decay_mult``, :math:`\ell` the rate; the rest is Adam's.

    References
    ----------
    Loshchilov, Hutter 2019, "Decoupled weight decay regularization". Lesson: day 13.
    """

    histories = 2  # m, then v, as in Adam
    decoupled = True

    def __init__(self, spec):
        super().__init__(spec)
        check_betas(spec)

    def update(self, g, history, rate, t):
        return adam_step(self.spec, g, history, rate, t)
