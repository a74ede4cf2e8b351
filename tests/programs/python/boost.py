"""Gradient boosting in rounds that goes on where it was saved: without subsampling nothing but the trees is its state."""
import os

import numpy
import xgboost

ROUNDS, AT_ONCE = 120, 6
dice = numpy.random.RandomState(5)
x = dice.rand(8000, 12)
y = numpy.sin(6 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * dice.randn(len(x))
data = xgboost.DMatrix(x, y)

model = xgboost.Booster(model_file="model.ubj") if os.path.exists("model.ubj") else None
done = model.num_boosted_rounds() if model else 0
while done < ROUNDS:
    model = xgboost.train({"max_depth": 5, "eta": 0.1, "nthread": 1}, data, AT_ONCE, xgb_model=model)
    done += AT_ONCE
    model.save_model("new.ubj")
    os.replace("new.ubj", "model.ubj")
model.dump_model("trees.txt")
