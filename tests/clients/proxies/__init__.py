"""nginx and HAProxy before and behind the gateway: does anybody read a request otherwise than the next?"""
