"""partial_fit in batches that goes on where it was saved: the model, and the state of the random numbers."""
import os
import pickle

import numpy
from sklearn.linear_model import SGDClassifier

BATCHES, BETWEEN = 6000, 100
dice = numpy.random.RandomState(5)
model, done = SGDClassifier(random_state=3), 0
if os.path.exists("model.pickle"):
    with open("model.pickle", "rb") as file:
        model, done, state = pickle.load(file)
    dice.set_state(state)
while done < BATCHES:
    x = dice.randn(400, 30)
    model.partial_fit(x, x[:, 0] + x[:, 1] * x[:, 2] > 0, classes=[False, True])
    done += 1
    if done % BETWEEN == 0:
        with open("new.pickle", "wb") as file:
            pickle.dump((model, done, dice.get_state()), file)
        os.replace("new.pickle", "model.pickle")
numpy.savetxt("weights.txt", model.coef_)
