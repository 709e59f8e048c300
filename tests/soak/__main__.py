from .soak import main

main()
