# Warnings are errors in our own code only, never for who builds us as a part.
add_library(cairn_flags INTERFACE)
target_compile_options(cairn_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wnon-virtual-dtor -Wold-style-cast)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(cairn_flags INTERFACE -Werror)
endif()
# What goes along to other machines is linked so; sanitizers cannot be.
set(CAIRN_STATIC -static)
if(CAIRN_SANITIZE)
  set(CAIRN_STATIC "")
  add_compile_options(-fsanitize=${CAIRN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${CAIRN_SANITIZE})
  if(CAIRN_SANITIZE STREQUAL thread)
    add_compile_options(-Wno-tsan)  # Asio has fences, and one thread with us
  endif()
endif()
