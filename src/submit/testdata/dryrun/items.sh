#!/bin/sh
echo "1 one"
echo "2, two more"
