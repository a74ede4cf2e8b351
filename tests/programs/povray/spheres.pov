#version 3.7;
global_settings { assumed_gamma 1.0 max_trace_level 12 }
camera { location <0, 3, -9> look_at <0, 1, 0> }
light_source { <6, 9, -7> color rgb 1 area_light <2,0,0>, <0,2,0>, 4, 4 }
plane { y, 0 pigment { checker rgb 0.9, rgb 0.2 } finish { reflection 0.2 } }
#declare R = seed(3);
#declare I = 0;
#while (I < 60)
  sphere { <8*rand(R)-4, 3*rand(R), 8*rand(R)-3>, 0.2+0.5*rand(R)
    pigment { color rgbf <rand(R), rand(R), rand(R), 0.6> } finish { specular 0.6 reflection 0.3 } interior { ior 1.4 } }
  #declare I = I + 1;
#end
